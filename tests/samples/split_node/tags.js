const { API_ROOT } = require('./config');

exports.tag = (id, tags) => post(`${API_ROOT}/candidates/${id}/addTags`, { tags }); // expect: LK301
exports.own = (id) => post(`${OWN_ROOT}/api/candidates/${id}`);
