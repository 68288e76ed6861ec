"""What the pages about pairs show: what rankings say now, and what a frozen version holds."""
