"""Bills of providers, beside the ledger: the one room that asks the network, when `tokcost reconcile` does."""
