"""The results as a page, Markdown and CSV."""
