import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { OperoConfigurationError } from '../../core/errors/index.js';
import type { OperoHost } from '../host/opero.host.js';
import type { OperoModuleOptions } from '../options/module-options.js';
import { modulesOf, OPERO_OPTIONS } from './bootstrap.js';

/** Runs the host through the lifecycle of the app. */
export class OperoLifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly reference: ModuleRef,
    private readonly host: OperoHost,
    options: OperoModuleOptions,
    where: string,
  ) {
    const modules = modulesOf(reference)!;
    const times = [...modules.values()].filter(({ providers }) => providers.has(OPERO_OPTIONS)).length;
    if (times > 1) {
      throw new OperoConfigurationError([
        `OperoModule: got forRoot() ${times} times in one app, allowed: once`,
      ]);
    }
    host.attach(modules);
    host.configure(options, where);
  }

  onModuleInit(): Promise<void> {
    return this.host.start(this.reference);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.host.stop();
  }

  onApplicationShutdown(): Promise<void> {
    return this.host.close();
  }
}
