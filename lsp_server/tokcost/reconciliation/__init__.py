"""Providers' bills, beside the ledger. This is the only package that uses the network, for `tokcost reconcile`."""
