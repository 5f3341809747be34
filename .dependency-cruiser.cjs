/** The rooms of lib/, from the innermost out. A room imports only those before it. */
const rooms = ['core', 'strategies', 'map', 'runtime', 'testing', 'nest', 'terminus'];

/** The rooms inside of the two large ones, from the innermost out. */
const inner = {
  core: [
    'declarations',
    'collections',
    'time',
    'values',
    'errors',
    'options',
    'events',
    'call',
    'strategy',
    'pipeline',
  ],
  nest: ['metadata', 'edge', 'options', 'binding', 'decorators', 'mapped', 'host', 'service', 'module'],
};

const after = (list, room) => list.slice(list.indexOf(room) + 1).join('|');

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { path: '^lib' }, to: { circular: true } },
    ...rooms.slice(0, -1).map((room) => ({
      name: `${room}-stays-inside`,
      comment: `lib/${room} must not import a room further out`,
      severity: 'error',
      from: { path: `^lib/${room}/` },
      to: { path: `^lib/(${after(rooms, room)})/` },
    })),
    ...Object.entries(inner).flatMap(([room, list]) =>
      list.slice(0, -1).map((within) => ({
        name: `${room}-${within}-stays-inside`,
        comment: `lib/${room}/${within} must not import a room of lib/${room} further out`,
        severity: 'error',
        from: { path: `^lib/${room}/${within}/` },
        to: { path: `^lib/${room}/(${after(list, within)})/` },
      })),
    ),
    {
      name: 'inner-rooms-are-listed',
      comment: 'a new folder in lib/core or lib/nest needs its place in the list above',
      severity: 'error',
      from: { path: '^lib/(core|nest)/' },
      to: {
        path: '^lib/(core|nest)/[^/]+/',
        pathNot: `^lib/(core/(${inner.core.join('|')})|nest/(${inner.nest.join('|')}))/`,
      },
    },
    {
      name: 'rooms-do-not-import-the-front-door',
      severity: 'error',
      from: { path: '^lib/(core|strategies|map|runtime|nest)/' },
      to: { path: '^lib/index\\.ts$' },
    },
    {
      name: 'strategies-do-not-know-each-other',
      severity: 'error',
      from: { path: '^lib/strategies/([^/]+)/' },
      to: { path: '^lib/strategies/', pathNot: '^lib/strategies/$1/' },
    },
    {
      name: 'nest-stays-outside',
      comment: 'only lib/nest and the sub-paths may import Nest',
      severity: 'error',
      from: { path: '^lib/(core|strategies|map|runtime)/' },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'rxjs-stays-outside',
      comment: 'below lib/map nothing needs RxJS',
      severity: 'error',
      from: { path: '^lib/(core|strategies)/' },
      to: { path: 'node_modules/rxjs/' },
    },
    {
      name: 'optional-peers-behind-sub-paths',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/terminus/' },
      to: { path: 'node_modules/@nestjs/(terminus|cache-manager|microservices|websockets)/' },
    },
    {
      name: 'no-development-dependencies',
      severity: 'error',
      from: { path: '^lib/' },
      to: {
        dependencyTypes: ['npm-dev'],
        // devalue is part of the bundles: docs/decisions/014-two-builds.md
        pathNot: 'node_modules/(@nestjs|rxjs|reflect-metadata|cli-progress|devalue|@types)/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
