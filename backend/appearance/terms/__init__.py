"""Parts of the cost that compare pictures, and their normal equations."""
