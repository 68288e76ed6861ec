"""Addresses of the chat's sockets."""

from django.urls import path

from chat.consumers import ComparisonConsumer, ConversationConsumer

websocket_urlpatterns = [
    path("ws/c/<uuid:key>/", ConversationConsumer.as_asgi()),
    path("ws/compare/<uuid:key>/", ComparisonConsumer.as_asgi()),
]
