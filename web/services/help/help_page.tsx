/** Help for each role, the own one first: what is done where, in a few words and with a picture; the keys; whom to ask. */
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { textOr, useLanguage, useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { kHelp, type HelpRole, type HelpTask } from './content';

const pictures = import.meta.glob<string>('./pictures/*.jpg', { query: '?url', import: 'default', eager: true });

const kKeys: readonly { keys: readonly string[]; text: string }[] = [
  { keys: ['Ctrl', 'K'], text: 'help.keys.find' },
  { keys: ['J'], text: 'help.keys.next' },
  { keys: ['K'], text: 'help.keys.previous' },
  { keys: ['Enter'], text: 'help.keys.open' },
  { keys: ['Esc'], text: 'help.keys.close' },
  { keys: ['?'], text: 'help.keys.help' },
];

export default function HelpPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.help'));
  const own = kHelp.find((one) => session.memberships.some((membership) => membership.role === one.role)) ?? kHelp[0];
  const [chosen, setChosen] = useState(own?.role ?? 'doctor');
  const help = kHelp.find((one) => one.role === chosen);
  return (
    <div className="q-page q-page-narrow">
      <div className="q-between">
        <h1>{t('app.nav.help')}</h1>
        <NativeSelect aria-label={t('help.role')} value={chosen} onChange={(event) => setChosen(event.currentTarget.value)} data={kHelp.map((one) => ({ value: one.role, label: t(`role.${one.role}`) }))} />
      </div>
      {help && <Role help={help} />}
      <Keys />
      <section className="q-card q-stack-tight">
        <h2>{t('help.trouble')}</h2>
        <ul>
          <li>{t('help.trouble.line')}</li>
          <li>{t('help.trouble.error')}</li>
          <li>{t('help.trouble.emergency')}</li>
        </ul>
      </section>
    </div>
  );
}

function Role({ help }: { help: HelpRole }) {
  const t = useText();
  return (
    <section className="q-stack" aria-label={t(`role.${help.role}`)}>
      <p>{t(`help.${help.role}`)}</p>
      {help.tasks.map((one) => (
        <Task key={one.task} role={help.role} task={one} />
      ))}
    </section>
  );
}

function Task({ role, task }: { role: string; task: HelpTask }) {
  const t = useText();
  const language = useLanguage();
  const picture = task.picture ? pictures[`./pictures/${task.picture}.${language}.jpg`] : undefined;
  const title = t(`help.${role}.${task.task}`);
  return (
    <article className="q-card q-stack-tight">
      <h2>{title}</h2>
      <p>{t(`help.${role}.${task.task}.text`)}</p>
      {task.to && <p><Link to={task.to}>{t('help.go')}</Link></p>}
      {picture && (
        <a href={picture} target="_blank" rel="noreferrer">
          <img className="h-picture" src={picture} loading="lazy" width={1366} height={768} alt={t('help.picture', { title })} />
        </a>
      )}
    </article>
  );
}

function Keys() {
  const t = useText();
  return (
    <section className="q-card q-stack-tight" id="keys">
      <h2>{t('help.keys')}</h2>
      <dl className="q-facts">
        {kKeys.map((one) => (
          <div key={one.text} className="h-key">
            <dt>
              {one.keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{textOr(one.text, one.text)}</dd>
          </div>
        ))}
      </dl>
      <p className="q-small q-dim">{t('help.keys.viewer')}</p>
    </section>
  );
}
