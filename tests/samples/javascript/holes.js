const util = require('util');

const BASE = 'https://api.lever.co/v1';
const ROUTES = {
  tag: '/candidates/:id/addTags', // expect: LK301
  untag: '/candidates/%s/removeTags', // expect: LK301
  one: '/opportunities/:id/addTags', // expect: LK306
  replace: '/opportunities/:id/tags', // expect: LK309
  fine: '/opportunities/:id/notes',
};

exports.tag = (id) => axios.post(BASE + ROUTES.tag.replace(':id', id));
exports.untag = (id) => axios.post(BASE + util.format(ROUTES.untag, id));
exports.people = (contact) => axios.get(`${BASE}/opportunities`, { params: { contact_id: contact } });
