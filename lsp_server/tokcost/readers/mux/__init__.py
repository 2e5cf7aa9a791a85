"""Mux, which is called Xum now."""
