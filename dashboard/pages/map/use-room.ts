import { useEffect, useState } from "preact/hooks";
import type { Room } from "./layout.ts";

/** What stands above the map, and on a phone below it. */
const headerPx = 56;
const phoneBarsPx = 108;
const phonePx = 720;

/** What the window leaves for the map. Of a panel beside it nothing is taken off: opening one must not move everything. */
export function useRoom(): Room {
  const [room, setRoom] = useState(roomOf);
  useEffect(() => {
    const resized = () => setRoom(roomOf());
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, []);
  return room;
}

function roomOf(): Room {
  const bars = innerWidth <= phonePx ? phoneBarsPx : headerPx;
  return { width: innerWidth, height: Math.max(100, innerHeight - bars) };
}
