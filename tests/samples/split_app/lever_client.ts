export const leverApi = axios.create({ baseURL: 'https://api.lever.co/v1' });

