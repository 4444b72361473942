import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { TablePlaces } from '../../../contract/environment.ts';
import { EngineError } from '../../../model/errors.ts';
import type { StaticTableReader } from '../../../ports/static-table-reader.ts';
import { readDynamoDbTable } from './dynamodb-table.ts';
import { readS3Table } from './s3-table.ts';

/** Reads static tables from the places that the construct gave them. */
export function createStaticTableReader(
  clients: { readonly dynamodb: DynamoDBClient; readonly s3: S3Client },
  places: TablePlaces,
): StaticTableReader {
  return {
    async read(name) {
      const place = Object.hasOwn(places, name) ? places[name] : undefined;
      if (place === undefined) {
        throw new EngineError('invalid', `table '${name}' was given no place to be read from`, {
          code: 'table-without-place',
        });
      }
      return place.kind === 's3'
        ? readS3Table(clients.s3, place)
        : readDynamoDbTable(clients.dynamodb, place);
    },
  };
}
