"""Writers for other programs' formats; pictures and cameras exactly as their readers understand them."""
