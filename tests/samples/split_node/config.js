module.exports = {
  API_ROOT: 'https://api.lever.co/v1',
};
