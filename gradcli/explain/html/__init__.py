"""An explanation as a page that stands alone."""
