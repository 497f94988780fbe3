/** A resource as a form: its elements with labels, opened where one looks, references as links, and what a check said beside its element. */
import { useEffect } from 'react';
import { Link } from 'react-router';
import { isExactObject, leafText, stringIn, type Exact, type ExactObject } from '../../api/exact_json';
import type { Issue } from '../../api/record';
import { textOr, useText } from '../../app/i18n';
import { formatNumber } from '../../ui/format';
import { localReference, pathText, shortText, type Path } from './elements';
import { issueText } from './issues';
import { linkTo } from './results';

/** "birthDate" → "Birth date", where nobody has written a better name. */
const spelled = (name: string) => name.replace(/^_/, '').replace(/([a-z])([A-Z])/g, (_all, a: string, b: string) => `${a} ${b.toLowerCase()}`).replace(/^./, (one) => one.toUpperCase());
export const elementLabel = (name: string): string => textOr(`fhir.element.${name}`, spelled(name));
export const elementId = (path: string): string => `el-${path.replace(/[^\w]+/g, '-')}`;

const kOpenDepth = 2;
const kLongText = 400;

export interface Marks {
  /** Issues by the path that is there. */
  issues: ReadonlyMap<string, Issue[]>;
  /** Opened and looked at. */
  focus?: string;
}

export function ResourceTree({ resource, marks, open }: { resource: ExactObject; marks: Marks; open: boolean | undefined }) {
  useEffect(() => {
    if (marks.focus === undefined) return;
    const element = document.getElementById(elementId(marks.focus));
    element?.scrollIntoView({ block: 'center' });
    element?.focus({ preventScroll: true });
  }, [marks.focus]);
  const entries = Object.entries(resource).filter(([name]) => name !== 'resourceType');
  return (
    <ul className="rec-tree q-list">
      {entries.map(([name, value]) => (
        <Element key={name} path={[name]} value={value} marks={marks} open={open} />
      ))}
    </ul>
  );
}

function Element({ path, value, marks, open }: { path: Path; value: Exact; marks: Marks; open: boolean | undefined }) {
  const text = pathText(path);
  if (Array.isArray(value)) {
    return (
      <>
        {value.map((one, index) => (
          <Element key={index} path={[...path, index]} value={one} marks={marks} open={open} />
        ))}
      </>
    );
  }
  const issues = marks.issues.get(text) ?? [];
  if (!isExactObject(value)) {
    return (
      <li className="rec-leaf" id={elementId(text)} tabIndex={-1} data-focus={marks.focus === text || undefined}>
        <Label path={path} />
        <span className="rec-leaf-value">
          <Leaf path={path} value={value} />
        </span>
        <IssuesHere issues={issues} />
      </li>
    );
  }
  const under = (one: string) => one === text || one.startsWith(`${text}.`) || one.startsWith(`${text}[`);
  const marked = [...marks.issues.keys(), ...(marks.focus === undefined ? [] : [marks.focus])].some(under);
  return (
    <li id={elementId(text)} tabIndex={-1} data-focus={marks.focus === text || undefined}>
      <details open={marked || (open ?? path.length <= kOpenDepth)}>
        <summary>
          <Label path={path} /> <span className="q-dim rec-summary">{shortText(value)}</span>
        </summary>
        <IssuesHere issues={issues} />
        <ul className="q-list rec-branch">
          {Object.entries(value).map(([name, one]) => (
            <Element key={name} path={[...path, name]} value={one} marks={marks} open={open} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function Label({ path }: { path: Path }) {
  const last = path.at(-1);
  const name = String(typeof last === 'number' ? path.at(-2) : last);
  return (
    <span className="rec-label">
      {elementLabel(name)} <code className="q-small q-dim">{typeof last === 'number' ? `${name}[${last}]` : name}</code>
    </span>
  );
}

function IssuesHere({ issues }: { issues: readonly Issue[] }) {
  return (
    <>
      {issues.map((issue, index) => (
        <span key={index} className={`rec-issue rec-issue-${issue.severity}`}>
          {textOr(`fhir.severity.${issue.severity}`, issue.severity)}
          {': '}
          {issueText(issue)}
        </span>
      ))}
    </>
  );
}

function Leaf({ path, value }: { path: Path; value: Exact }) {
  const t = useText();
  const text = leafText(value);
  const name = path.at(-1);
  const string = stringIn(value);
  if (name === 'reference') {
    const reference = localReference(string);
    if (reference) return <Link to={linkTo(reference.to) + (reference.version ? `?version=${reference.version}` : '')}>{text}</Link>;
    if (string?.startsWith('#')) return <a href={`#${elementId('contained')}`}>{text}</a>;
  }
  if (name === 'div' && string?.startsWith('<')) return <span className="q-pre">{new DOMParser().parseFromString(string, 'text/html').body.textContent?.trim()}</span>;
  if (text.length > kLongText) {
    return (
      <details className="rec-long">
        <summary>{t('fhir.tree.long', { count: text.length, number: formatNumber(text.length) })}</summary>
        <span className="rec-mono">{text}</span>
      </details>
    );
  }
  return <span className="q-pre">{text}</span>;
}
