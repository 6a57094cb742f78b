"""Single photographs: reading them as they are meant to be seen, finding the person, fitting the head."""
