import base from './jest.config.js';

process.env.TESTED_NEST = '11';

const nest11 = '<rootDir>/test/nest-11/node_modules/@nestjs';

/** The same suites on Nest 11: everything of Nest that is installed beside it is taken from there. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/{nest,e2e,map,terminus}/**/*.spec.ts'],
  // Of the map, only what is made by Nest.
  testPathIgnorePatterns: ['\\.nest-12\\.', '/map/(aborts|attempts|event-loop|memory|sources)\\.'],
  moduleNameMapper: {
    ...base.moduleNameMapper,
    '^@nestjs/(common|core|microservices|platform-express|platform-fastify|platform-ws|terminus|testing|websockets)$': `${nest11}/$1`,
    '^@nestjs/(common|core|microservices|platform-express|platform-fastify|platform-ws|terminus|testing|websockets)/(.*)$': `${nest11}/$1/$2`,
  },
};
