/** Mantine set to the tokens of `tokens.css`. */
import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 7 },
  fontFamily: 'var(--qiao-font)',
  headings: { fontFamily: 'var(--qiao-font)', fontWeight: '650' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  colors: {
    teal: ['#e3f2f3', '#c9e5e7', '#9fd0d4', '#6db8be', '#43a2a9', '#28929a', '#178088', '#0b6e75', '#085a60', '#05464b'],
  },
});

export const cssVariables: CSSVariablesResolver = () => {
  const both = {
    '--mantine-color-body': 'var(--qiao-ground)',
    '--mantine-color-text': 'var(--qiao-ink)',
    '--mantine-color-dimmed': 'var(--qiao-ink-2)',
    '--mantine-color-error': 'var(--qiao-critical)',
    '--mantine-color-placeholder': 'var(--qiao-ink-2)',
    '--mantine-color-anchor': 'var(--qiao-primary)',
  };
  return { variables: {}, light: both, dark: { ...both, '--mantine-color-dark-6': 'var(--qiao-surface)' } };
};

/** The nonce that the server put into this document; the provider's style element carries it. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}
