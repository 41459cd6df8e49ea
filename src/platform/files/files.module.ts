import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.service';
import { BlobStore } from './blob-store';
import { LocalBlobStore } from './local.blob-store';
import { S3BlobStore } from './s3.blob-store';

/** In S3 when `S3_BUCKET` names a bucket, else in a folder of DATA_DIR. */
function blobStore({ env, dataDir }: Config): BlobStore {
  if (!env.S3_BUCKET) return new LocalBlobStore(join(dataDir, 'files'));
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env;
  return new S3BlobStore({
    bucket: env.S3_BUCKET,
    region: env.S3_REGION,
    endpoint: env.S3_ENDPOINT,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
  });
}

@Global()
@Module({ providers: [{ provide: BlobStore, useFactory: blobStore, inject: [Config] }], exports: [BlobStore] })
export class FilesModule {}
