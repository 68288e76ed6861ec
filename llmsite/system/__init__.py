"""The page that tells an admin how the app itself is."""
