import { Module } from '@nestjs/common';
import { OperoModule } from 'nestjs-opero';
import { Exchange } from './exchange.js';
import { Prices } from './prices.service.js';

@Module({ imports: [OperoModule.forRoot()], providers: [Exchange, Prices] })
export class AppModule {}
