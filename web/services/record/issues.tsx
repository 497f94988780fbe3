/** What `$validate` said, each at its element. */
import { Button } from '@mantine/core';
import type { Issue } from '../../api/record';
import { textOr, useText } from '../../app/i18n';

/** In the reader's words where the code is known, with the server's. */
export function issueText(issue: Issue): string {
  const known = textOr(`error.${issue.code}`, '');
  return [known, issue.text].filter(Boolean).join(' · ') || issue.code;
}

const kChips = { fatal: 'q-chip-critical', error: 'q-chip-critical', warning: 'q-chip-warning', information: 'q-chip-info' } as const;

/** @param issues  undefined: this server does not check this type */
export function IssueList({ type, issues, onShow }: { type: string; issues: readonly Issue[] | undefined; onShow: (issue: Issue) => void }) {
  const t = useText();
  if (!issues) return <p className="q-note q-note-warning" role="status" data-validated="unserved">{t('fhir.validate.unserved', { type })}</p>;
  // That nothing was found is said once.
  const said = issues.filter((one) => one.code !== 'informational' || one.at !== '');
  const bad = issues.filter((one) => one.severity === 'error' || one.severity === 'fatal').length;
  return (
    <section className={`q-note ${bad > 0 ? 'q-note-critical' : 'q-note-ok'} q-stack-tight`} role="status" data-validated={bad}>
      <p className="q-strong">{bad > 0 ? t('fhir.validate.bad', { count: bad }) : t('fhir.validate.good')}</p>
      {said.length > 0 && (
        <ul className="q-list q-stack-tight">
          {said.map((issue, index) => (
            <li key={index} className="q-row">
              <span className={`q-chip ${kChips[issue.severity]}`}>{t(`fhir.severity.${issue.severity}`)}</span>
              {issue.at && (
                <Button size="compact-sm" variant="default" className="rec-mono" onClick={() => onShow(issue)}>
                  {issue.at}
                </Button>
              )}
              <span className="q-grow">{issueText(issue)}</span>
              <code className="q-small q-dim">{textOr(`error.${issue.code}`, '') ? issue.code : issue.text ? issue.code : ''}</code>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
