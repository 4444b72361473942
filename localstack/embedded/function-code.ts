// Where the code of functions comes from: bytes in the request, an object of this cloud's own S3, text
// in a template, or a folder of an assembly that stands for such an object.

import { ServiceError } from '../../lib/cloud/service.ts';
import type { JsonObject } from './cloudformation/template.ts';
import type { CodeStore } from './code-store.ts';

interface CodeInput {
  readonly ZipFile?: Uint8Array;
  readonly S3Bucket?: string;
  readonly S3Key?: string;
}

/** Bucket under which the model knows code by the name that the code store gave it. */
const STORED = 'assets';

/**
 * Takes the code of a `CreateFunction` or `UpdateFunctionCode` before the function exists, so that what
 * cannot be unpacked or found is refused; the answer is the input for the model.
 *
 * @throws ServiceError `InvalidParameterValueException`
 */
export function takeCode(
  call: { readonly operation: string; readonly input: object },
  code: CodeStore,
  readObject: (bucket: string, key: string) => Buffer,
): object {
  const { operation, input } = call;
  if (operation === 'UpdateFunctionCode') return resolved(input as CodeInput, code, readObject);
  if (operation !== 'CreateFunction') return input;
  const { Code = {} } = input as { readonly Code?: CodeInput };
  return { ...input, Code: resolved(Code, code, readObject) };
}

/** The code of a template as Lambda's API takes it: text for `index.js`, or an object. */
export function codeOfTemplate({ ZipFile, ...rest }: JsonObject, code: CodeStore): object {
  return typeof ZipFile === 'string' ? { S3Bucket: STORED, S3Key: code.addInline(ZipFile) } : rest;
}

function resolved<Input extends CodeInput>(
  input: Input,
  code: CodeStore,
  readObject: (bucket: string, key: string) => Buffer,
): Input {
  const { ZipFile, S3Bucket = '', S3Key } = input;
  if (ZipFile !== undefined) {
    code.addZip(Buffer.from(ZipFile));
    return input;
  }
  if (S3Key === undefined || (S3Bucket === STORED && code.has(S3Key))) return input;
  return { ...input, S3Bucket: STORED, S3Key: storedCode({ S3Bucket, S3Key }, code, readObject) };
}

function storedCode(
  { S3Bucket, S3Key }: { readonly S3Bucket: string; readonly S3Key: string },
  code: CodeStore,
  readObject: (bucket: string, key: string) => Buffer,
): string {
  try {
    return code.addZip(readObject(S3Bucket, S3Key));
  } catch (error) {
    if (!(error instanceof ServiceError) || !error.code.startsWith('NoSuch')) throw error;
    const named = code.named(S3Key);
    if (named !== undefined) return named;
    throw new ServiceError(
      'InvalidParameterValueException',
      `Error occurred while GetObject. S3 Error Code: ${error.code}. S3 Error Message: ${error.message} (s3://${S3Bucket}/${S3Key})`,
    );
  }
}
