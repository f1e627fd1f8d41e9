const axios = require('axios');

const http = axios.create({ baseURL: 'https://api.lever.co/v1', auth: { username: process.env.LEVER_API_KEY } });
const CANDIDATES = '/candidates';

// GET https://api.lever.co/v1/candidates
async function addTags(id, tags) {
  return http.post(`/candidates/${id}/addTags`, { tags }); // expect: LK301
}

const removeTags = (id, tags) => http.post('/candidates/' + id + '/removeTags', { tags }); // expect: LK301

async function all(offset) {
  const { data } = await http.get(CANDIDATES, { params: { offset } }); // expect: LK303
  return data.candidates.map((row) => row.name);
}

function move(id, stage) {
  return http({ method: 'put', url: `/candidates/${id}/stage`, data: { stage } }); // expect: LK302
}

async function create(person) {
  return fetch('https://api.lever.co/v1/candidates', { // expect: LK304
    method: 'POST',
    body: JSON.stringify(person),
  });
}

module.exports = { addTags, removeTags, all, move, create };
