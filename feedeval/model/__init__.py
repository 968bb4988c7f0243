"""Whom we ask: the client, its pacing, its retries and what calls cost."""
