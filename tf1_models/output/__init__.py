"""Progress, Markdown, HTML pages, plots, the reports' own consoles and pictures."""
