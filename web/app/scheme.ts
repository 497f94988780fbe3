import { createContext, useContext, useEffect } from 'react';

export const SchemeContext = createContext<(dark: boolean) => void>(() => undefined);

/** Dark for as long as the page is on screen: a light surround spoils the eye for grey levels. */
export function useDark(dark: boolean): void {
  const set = useContext(SchemeContext);
  useEffect(() => {
    set(dark);
    return () => set(false);
  }, [dark, set]);
}
