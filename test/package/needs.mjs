// Makes sure that what some suites need is there. On Debian as root it is installed; elsewhere those suites are left
// out, and this says so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const has = (command) => spawnSync(command, ['--version']).status === 0;

if (!has('redis-server')) {
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (debian) {
    console.log('Installing redis-server for the suites that need it.');
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], { stdio: 'ignore' });
  }
  if (!has('redis-server')) {
    console.log(
      '\n!!! LEFT OUT: the suites on a real Redis. Install redis-server (apt, brew) and run again to have them. !!!\n',
    );
  }
}
