"""What people look at: progress, Markdown, HTML pages, plots, the reports' own consoles and pictures."""
