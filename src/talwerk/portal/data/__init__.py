"""The data and where they come from, the interfaces, the state of the services, the statistics of use."""
