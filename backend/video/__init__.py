"""Reading videos, image sequences and stills: which frames there are, when each is shown, and their pixels."""
