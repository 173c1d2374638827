// A page of a document as a picture from the kernel.
import type { Channel } from "../channel.ts";
import { numberOr, text } from "../pure/guards.ts";

const TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif"];

export interface Picture {
  url: string;
  /** Points for a PDF, pixels for an image. */
  width: number;
  height: number;
  pages: number;
}

export interface Wanted {
  row: number;
  document: number;
  page: number;
  /** Pixels per point. */
  scale: number;
}

/** Ask for a picture; whoever gets it revokes its address. */
export async function loadPicture(channel: Channel, wanted: Wanted, quietly = false): Promise<Picture> {
  const { content, buffers } = await channel.ask("page", { ...wanted }, quietly);
  const mime = text(content.mime);
  const bytes = buffers[0];
  if (!bytes || !TYPES.includes(mime)) throw new Error("This page cannot be shown as an image.");
  const blob = new Blob([new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Uint8Array<ArrayBuffer>], { type: mime });
  return {
    url: URL.createObjectURL(blob),
    width: numberOr(content.width, 0),
    height: numberOr(content.height, 0),
    pages: numberOr(content.pages, 1),
  };
}
