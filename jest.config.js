const swc = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      target: 'es2022',
      keepClassNames: true,
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

export default {
  testEnvironment: 'node',
  // A machine may be busy: this is for what hangs, not for what is slow.
  testTimeout: 30_000,
  // Jest leaves a core to itself otherwise: on two it would run the suites one by one, in one process that only grows.
  maxWorkers: '100%',
  workerIdleMemoryLimit: '600MB',
  // The template is an app of its own, which test/package/template.mjs runs.
  testMatch: ['<rootDir>/test/**/*.spec.ts', '!**/nest-11-template/**'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-opero$': '<rootDir>/lib/index.ts',
    '^nestjs-opero/terminus$': '<rootDir>/lib/terminus/index.ts',
    '^nestjs-opero/testing$': '<rootDir>/lib/testing/index.ts',
  },
  transform: { '^.+\\.ts$': swc },
};
