import { icons } from "../icons.ts";
import { Icon } from "./icon.tsx";

/** Of a panel or a dialog, at the end of its head. */
export function CloseButton({ label = "Close", onClose }: { label?: string; onClose: () => void }) {
  return (
    <button type="button" class="button quiet icon" aria-label={label} onClick={onClose}>
      <Icon path={icons.close} />
    </button>
  );
}
