"""The person's outline against the head's silhouette, as a part of the cost."""
