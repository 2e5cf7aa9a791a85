"""Mux, now called Xum."""
