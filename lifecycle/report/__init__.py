"""What a rehearsal found: numbers with n and interval, and one honest sentence."""
