"""Addresses of accounts: first visit, signing in and out, invitations, people."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import account, activity, entry, people

app_name = "accounts"
urlpatterns = [
    path("setup/", entry.setup, name="setup"),
    path("login/", entry.SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("join/<str:token>/", entry.join, name="join"),
    path("new-password/<uidb64>/<token>/", entry.NewPassword.as_view(), name="new-password"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/mail/", account.mail, name="mail"),
    path("activity/", activity.mark, name="activity"),
    path("", people.people, name="people"),
    path("invite/", people.invite, name="invite"),
    path("invitations/<int:pk>/revoke/", people.revoke, name="revoke"),
    path("<int:pk>/password-link/", people.password_link, name="password-link"),
    path("<int:pk>/groups/", people.groups, name="groups"),
    path("<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("<int:pk>/reactivate/", people.reactivate, name="reactivate"),
]
