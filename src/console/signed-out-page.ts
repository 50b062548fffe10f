/** What a browser without a session gets. */
export const SIGNED_OUT_PAGE = Buffer.from(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>No session · Sealstone</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="/icon.svg">
<main class="signed-out">
<h1>There is no session here</h1>
<p>A link opens the console once and for a few minutes. This one was used, is too old, or the daemon was started again.</p>
<p>Print a fresh one on the machine of the daemon, as the user that runs it:</p>
<pre tabindex="0">sealstone audit console</pre>
<p>Came you here from a link in another page? <a href="/">Go on</a></p>
</main>
</html>
`)
