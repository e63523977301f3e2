"""Who answers for the portal, what happens with data, barriers, credits, help, signs."""
