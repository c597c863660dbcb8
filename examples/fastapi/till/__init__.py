"""A till whose people sign in with Octroi, and whose sales go into Paheko's books."""
