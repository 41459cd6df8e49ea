import fc from 'fast-check';
import { imageSizeOf } from './image-size';

const base64 = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex').toString('base64');

describe('imageSizeOf', () => {
  it.each([
    ['PNG', '89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 0802000000 00000000'],
    ['GIF', '474946383961 8002 e001 f70000 ' + '00'.repeat(20)],
    ['JPEG', 'ffd8 ffe0 0010 4a46494600010100000100010000 ffc0 0011 08 01e0 0280 03 012200 021101 031101'],
    ['WebP, lossy', '52494646 00000000 57454250 56503820 00000000 300000 9d012a 8002 e001'],
    ['WebP, lossless', '52494646 00000000 57454250 5650384c 00000000 2f 7fc27700 0000000000'],
    ['WebP, extended', '52494646 00000000 57454250 56503858 0a000000 00000000 7f0200 df0100'],
  ])('reads the size of a %s', (_, hex) => {
    expect(imageSizeOf(base64(hex))).toEqual({ width: 640, height: 480 });
  });

  it('knows when it is not told', () => {
    expect(imageSizeOf(base64('89504e47'))).toBeNull();
    expect(imageSizeOf(base64('ffd8 ffe0 ffff'))).toBeNull();
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void imageSizeOf(Buffer.from(bytes).toString('base64'))));
  });
});
