// Which header or query parameter carries which member of the SDK's shapes. Numbers, booleans and
// times are marked; everything else is text.

export type Kind = 'text' | 'number' | 'boolean' | 'time';

export interface Member {
  readonly name: string;
  readonly kind: Kind;
}

const text = (name: string): Member => ({ name, kind: 'text' });
const number = (name: string): Member => ({ name, kind: 'number' });
const boolean = (name: string): Member => ({ name, kind: 'boolean' });
const time = (name: string): Member => ({ name, kind: 'time' });

const CHECKSUMS: Readonly<Record<string, Member>> = {
  'x-amz-checksum-crc32': text('ChecksumCRC32'),
  'x-amz-checksum-crc32c': text('ChecksumCRC32C'),
  'x-amz-checksum-crc64nvme': text('ChecksumCRC64NVME'),
  'x-amz-checksum-sha1': text('ChecksumSHA1'),
  'x-amz-checksum-sha256': text('ChecksumSHA256'),
  'x-amz-checksum-type': text('ChecksumType'),
  'x-amz-checksum-algorithm': text('ChecksumAlgorithm'),
};

const CONTENT: Readonly<Record<string, Member>> = {
  'cache-control': text('CacheControl'),
  'content-disposition': text('ContentDisposition'),
  'content-encoding': text('ContentEncoding'),
  'content-language': text('ContentLanguage'),
  'content-type': text('ContentType'),
  expires: text('ExpiresString'),
  'x-amz-server-side-encryption': text('ServerSideEncryption'),
  'x-amz-server-side-encryption-aws-kms-key-id': text('SSEKMSKeyId'),
  'x-amz-server-side-encryption-bucket-key-enabled': boolean('BucketKeyEnabled'),
  'x-amz-storage-class': text('StorageClass'),
  'x-amz-website-redirect-location': text('WebsiteRedirectLocation'),
};

/** Headers of requests. */
export const REQUEST_HEADERS: Readonly<Record<string, Member>> = {
  ...CHECKSUMS,
  ...CONTENT,
  'content-md5': text('ContentMD5'),
  'if-match': text('IfMatch'),
  'if-none-match': text('IfNoneMatch'),
  'if-modified-since': time('IfModifiedSince'),
  'if-unmodified-since': time('IfUnmodifiedSince'),
  range: text('Range'),
  'x-amz-checksum-mode': text('ChecksumMode'),
  'x-amz-copy-source': text('CopySource'),
  'x-amz-copy-source-if-match': text('CopySourceIfMatch'),
  'x-amz-copy-source-if-none-match': text('CopySourceIfNoneMatch'),
  'x-amz-copy-source-if-modified-since': time('CopySourceIfModifiedSince'),
  'x-amz-copy-source-if-unmodified-since': time('CopySourceIfUnmodifiedSince'),
  'x-amz-copy-source-range': text('CopySourceRange'),
  'x-amz-expected-bucket-owner': text('ExpectedBucketOwner'),
  'x-amz-metadata-directive': text('MetadataDirective'),
  'x-amz-mp-object-size': number('MpuObjectSize'),
  'x-amz-sdk-checksum-algorithm': text('ChecksumAlgorithm'),
  'x-amz-tagging': text('Tagging'),
  'x-amz-tagging-directive': text('TaggingDirective'),
};

/** Parameters of the query. */
export const QUERY_PARAMETERS: Readonly<Record<string, Member>> = {
  'continuation-token': text('ContinuationToken'),
  delimiter: text('Delimiter'),
  'encoding-type': text('EncodingType'),
  'fetch-owner': boolean('FetchOwner'),
  'key-marker': text('KeyMarker'),
  marker: text('Marker'),
  'max-keys': number('MaxKeys'),
  'max-parts': number('MaxParts'),
  'max-uploads': number('MaxUploads'),
  'part-number-marker': text('PartNumberMarker'),
  partNumber: number('PartNumber'),
  prefix: text('Prefix'),
  'start-after': text('StartAfter'),
  'upload-id-marker': text('UploadIdMarker'),
  uploadId: text('UploadId'),
  'version-id-marker': text('VersionIdMarker'),
  versionId: text('VersionId'),
};

/** Parameters with which a presigned GET overrides headers of the answer. */
export const RESPONSE_OVERRIDES: Readonly<Record<string, string>> = {
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-content-type': 'content-type',
  'response-expires': 'expires',
};

/** Headers of answers. */
export const RESPONSE_HEADERS: Readonly<Record<string, Member>> = {
  ...CHECKSUMS,
  ...CONTENT,
  'accept-ranges': text('AcceptRanges'),
  'content-length': number('ContentLength'),
  'content-range': text('ContentRange'),
  etag: text('ETag'),
  'last-modified': time('LastModified'),
  location: text('Location'),
  'x-amz-bucket-region': text('BucketRegion'),
  'x-amz-copy-source-version-id': text('CopySourceVersionId'),
  'x-amz-delete-marker': boolean('DeleteMarker'),
  'x-amz-mp-parts-count': number('PartsCount'),
  'x-amz-tagging-count': number('TagCount'),
  'x-amz-version-id': text('VersionId'),
};
