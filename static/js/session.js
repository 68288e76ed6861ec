/* When the session has ended, a fragment's request is led to the sign-in page. That page does not
   belong into the fragment, so the whole page is loaded anew and asks for signing in. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { responseURL } = event.detail.xhr;
  if (!responseURL || new URL(responseURL).pathname !== document.body.dataset.signIn) return;
  event.detail.shouldSwap = false;
  location.reload();
});
