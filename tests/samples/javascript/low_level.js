const https = require('https');

function addTag(id, tag) {
  const call = https.request({
    hostname: 'api.lever.co',
    path: '/v1/candidates/' + id + '/addTags', // expect: LK301
    method: 'POST',
  });
  call.end(JSON.stringify({ tags: [tag] }));
}

function move(id) {
  const xhr = new XMLHttpRequest();
  xhr.open('PUT', 'https://api.lever.co/v1/candidates/' + id + '/stage'); // expect: LK302
  xhr.send();
}

const host = (sandbox) => `https://${sandbox ? 'api.sandbox' : 'api'}.lever.co`;
const read = (id) => fetch(`https://${process.env.LEVER_HOST}/v1/candidates/${id}`); // expect: LK303
const readHere = (id, region) => fetch(`https://${region}.lever.co/v1/candidates/${id}`); // expect: LK303
const others = (id) => fetch(`https://${company}.workable.com/candidates/${id}`);
