it('answers', async () => {
  await request(app).post('/candidates/1/notes').send({});
  nock('https://api.lever.co').get('/v1/candidates/abc').reply(200); // expect: LK303
  await page.goto('/candidates/1/notes');
  store.commit('app/removeTags');
});
