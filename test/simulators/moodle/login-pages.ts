// Moodle's own pages around signing in: the login form, the cookie test, logging out, a front page to land on.
import { type Request, type Response, Router } from 'express';
import {
  fieldsOf,
  nowSeconds,
  page,
  redirect,
  type Simulation,
  sendErrorPage,
  sendPage,
  textField,
} from './exchange.ts';
import type { MoodleUser } from './model.ts';
import { escapeHtml } from './php-values.ts';
import type { MoodleSession, Sessions } from './sessions.ts';

const INVALID_LOGIN = 'Invalid login, please try again';

/** Usernames are folded before the look-up (moodle.md 1.9); suspended and deleted people get the same answer as a wrong password. */
function authenticate(simulation: Simulation, username: string, password: string): MoodleUser | undefined {
  const folded = username.trim().toLowerCase();
  for (const user of simulation.site.users.values()) {
    if (user.username !== folded || user.username === 'guest') continue;
    return user.suspended || user.deleted || user.password !== password ? undefined : user;
  }
  return undefined;
}

function loginForm(simulation: Simulation, session: MoodleSession): string {
  const { site, wwwroot } = simulation;
  const error =
    session.loginError === undefined
      ? ''
      : `<p class="alert" role="alert" id="loginerrormessage">${session.loginError}</p>`;
  return page(
    site,
    `Log in to the site | ${site.shortname}`,
    `<h1>Log in to ${escapeHtml(site.name)}</h1>${error}
<form class="login-form" action="${wwwroot}/login/index.php" method="post" id="login">
<input type="hidden" name="anchor" value="">
<input type="hidden" name="logintoken" value="${session.loginToken}">
<label for="username">Username</label>
<input type="text" name="username" id="username" autocomplete="username" autocapitalize="none" autofocus>
<label for="password">Password</label>
<input type="password" name="password" id="password" autocomplete="current-password">
<button class="btn btn-primary" type="submit" id="loginbtn">Log in</button></form>`,
  );
}

const logoutForm = (simulation: Simulation, session: MoodleSession): string =>
  `<form action="${simulation.wwwroot}/login/logout.php" method="get"><input type="hidden" name="sesskey" value="${session.sesskey}">
<button class="btn btn-primary" type="submit">Log out</button> <a class="btn" href="${simulation.wwwroot}/">Cancel</a></form>`;

function showLogin(simulation: Simulation, session: MoodleSession, request: Request, response: Response): void {
  const user = session.userId === undefined ? undefined : simulation.site.users.get(session.userId);
  const testSession = textField(fieldsOf(request, simulation.site.maxInputVars), 'testsession');
  if (testSession !== undefined && user !== undefined && testSession === String(user.id)) {
    const target = session.wantsUrl ?? `${simulation.wwwroot}/`;
    session.wantsUrl = undefined;
    redirect(response, target);
    return;
  }
  if (testSession !== undefined)
    session.loginError = 'Your session cookie did not come back: allow cookies and log in again.';
  if (user === undefined) {
    sendPage(response, 200, loginForm(simulation, session));
    session.loginError = undefined;
    return;
  }
  const name = escapeHtml(`${user.firstName} ${user.lastName}`);
  sendPage(
    response,
    200,
    page(
      simulation.site,
      `Log in to the site | ${simulation.site.shortname}`,
      `<p>You are already logged in as ${name}, you need to log out before logging in as different user.</p>${logoutForm(simulation, session)}`,
    ),
  );
}

function takeLogin(
  simulation: Simulation,
  sessions: Sessions,
  session: MoodleSession,
  request: Request,
  response: Response,
): void {
  const fields = fieldsOf(request, simulation.site.maxInputVars);
  const tokenFits = textField(fields, 'logintoken') === session.loginToken;
  const user = authenticate(simulation, textField(fields, 'username') ?? '', textField(fields, 'password') ?? '');
  if (!tokenFits || user === undefined) {
    session.loginError = INVALID_LOGIN;
    redirect(response, `${simulation.wwwroot}/login/index.php?loginredirect=1`);
    return;
  }
  user.lastAccess = nowSeconds(simulation);
  if (user.firstAccess === 0) user.firstAccess = user.lastAccess;
  sessions.login(response, session, user);
  redirect(response, `${simulation.wwwroot}/login/index.php?testsession=${user.id}`);
}

function logout(simulation: Simulation, sessions: Sessions, request: Request, response: Response): void {
  const session = sessions.of(request, response);
  const sesskey = textField(fieldsOf(request, simulation.site.maxInputVars), 'sesskey');
  if (session.userId === undefined) {
    redirect(response, `${simulation.wwwroot}/`);
  } else if (sesskey === session.sesskey) {
    sessions.end(response, session);
    redirect(response, `${simulation.wwwroot}/`);
  } else {
    const title = `Log out | ${simulation.site.shortname}`;
    const question = '<p>Do you really want to log out?</p>';
    sendPage(response, 200, page(simulation.site, title, question + logoutForm(simulation, session)));
  }
}

function frontPage(simulation: Simulation, session: MoodleSession): string {
  const { site, wwwroot } = simulation;
  const user = session.userId === undefined ? undefined : site.users.get(session.userId);
  const who =
    user === undefined
      ? `<p>You are not logged in.</p><a class="btn btn-primary" href="${wwwroot}/login/index.php">Log in</a>`
      : `<p>You are logged in as <b>${escapeHtml(`${user.firstName} ${user.lastName}`)}</b> (${escapeHtml(user.username)}).</p>${logoutForm(simulation, session)}`;
  return page(site, `Home | ${site.shortname}`, `<h1>${escapeHtml(site.name)}</h1>${who}`);
}

/** `/login/index.php`, `/login/logout.php` and a front page. */
export function loginPages(simulation: Simulation, sessions: Sessions): Router {
  const router = Router();
  router.get('/login/index.php', (request, response) =>
    showLogin(simulation, sessions.of(request, response), request, response),
  );
  router.post('/login/index.php', (request, response) =>
    takeLogin(simulation, sessions, sessions.of(request, response), request, response),
  );
  router.all('/login/logout.php', (request, response) => logout(simulation, sessions, request, response));
  router.get('/', (request, response) =>
    sendPage(response, 200, frontPage(simulation, sessions.of(request, response))),
  );
  router.use((request, response) =>
    sendErrorPage(response, simulation.site, `The simulated Moodle has no page ${request.path}`),
  );
  return router;
}
