"""Which part of a portrait is what: 19 classes, by a network where its file is there, by geometry otherwise."""
