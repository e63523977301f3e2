"""The themes, their indicators and the Zielbilder, made from declarations."""
