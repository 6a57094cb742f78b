"""What the files in the folder of models are, found out in a process apart: nobody asked for them to be opened."""
