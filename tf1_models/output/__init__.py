"""What people look at: progress, Markdown, plots, the reports' own consoles and pictures."""
