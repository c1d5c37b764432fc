"""Who answers: a provider's chat model, the local reader, or a scripted one."""
