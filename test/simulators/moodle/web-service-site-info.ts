// core_webservice_get_site_info (moodle.md 2.2).
import { pictureUrls, type WebServiceCall, type WebServiceFunction } from './web-service-call.ts';
import { invalidToken } from './web-service-errors.ts';

const FEATURES = ['usecomments', 'usetags', 'enablenotes', 'messaging', 'enableblogs', 'enablecompletion'];

function siteInfo(call: WebServiceCall): object {
  const { site, caller } = call;
  const user = site.users.get(caller.userId);
  if (user === undefined) throw invalidToken();
  return {
    sitename: site.name,
    username: user.username,
    firstname: user.firstName,
    lastname: user.lastName,
    fullname: `${user.firstName} ${user.lastName}`,
    lang: user.lang,
    userid: user.id,
    siteurl: call.wwwroot,
    userpictureurl: pictureUrls(call).profileimageurl,
    functions: call.serviceFunctions.map((name) => ({ name, version: site.version })),
    downloadfiles: 0,
    uploadfiles: 0,
    release: site.release,
    version: site.version,
    mobilecssurl: '',
    advancedfeatures: FEATURES.map((name) => ({ name, value: 1 })),
    usercanmanageownfiles: true,
    userquota: caller.isAdmin ? 0 : 104_857_600,
    usermaxuploadfilesize: caller.isAdmin ? -1 : 52_428_800,
    userhomepage: 1,
    // A secret of the real thing: whoever logs answers would log this one.
    userprivateaccesskey: `simulated-private-access-key-of-${user.username}`,
    siteid: 1,
    sitecalendartype: 'gregorian',
    usercalendartype: 'gregorian',
    userissiteadmin: caller.isAdmin,
    theme: 'boost',
    limitconcurrentlogins: 0,
    policyagreed: 0,
  };
}

/** Works with every valid token whose service has it. */
export const SITE_INFO_FUNCTIONS: Readonly<Record<string, WebServiceFunction>> = {
  core_webservice_get_site_info: { parameters: {}, run: siteInfo },
};
