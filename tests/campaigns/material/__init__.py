"""The material of the campaigns: correct messages, odd values, and mutations."""
